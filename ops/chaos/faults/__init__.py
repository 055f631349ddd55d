"""The faults. Each is one small class; the registry below gives them their names and figures.

A fault is injected where its context is entered, and taken back where it is left.
"""

from ops.chaos.faults.base import FaultKind
from ops.chaos.faults.model import KillDuringSwap, ModelSwap, ModelUnload, Requests
from ops.chaos.faults.processes import (
    Kill,
    KillModelProcess,
    KillWorker,
    Pause,
    PauseModelProcess,
    PauseWorker,
    Restart,
)
from ops.chaos.faults.workers import AddWorker, RemoveWorker
from ops.chaos.triton_proxy import Behaviour

__all__ = ["FAULTS", "FaultKind"]

_SESSION_S = 6.0
"""The workers' session with the broker: who is stopped for longer is expelled, and comes back as a zombie."""

FAULTS: tuple[FaultKind, ...] = (
    KillWorker("kill_worker", first_stage="assess"),
    PauseWorker("pause_worker", hold_s=_SESSION_S + 2.0, first_stage="admit"),
    AddWorker("add_worker", hold_s=1.0, first_stage="assess"),
    RemoveWorker("remove_worker", first_stage="admit"),
    Kill("kill_triton", part="triton"),
    Pause("pause_triton", part="triton", hold_s=4.0),
    KillModelProcess("kill_model_process"),
    PauseModelProcess("pause_model_process", hold_s=4.0),
    Requests("slow_triton", behaviour=Behaviour(delay_s=2.0), hold_s=5.0),
    Requests("unavailable_triton", behaviour=Behaviour(status="UNAVAILABLE"), hold_s=4.0),
    Requests("failing_triton", behaviour=Behaviour(status="INTERNAL"), hold_s=4.0),
    Requests("half_failing_triton", behaviour=Behaviour(status="INTERNAL", share=0.5), hold_s=4.0),
    ModelSwap("swap_model"),
    KillDuringSwap("kill_during_swap"),
    ModelUnload("unload_model", hold_s=1.0),
    Kill("kill_redis", part="redis"),
    Pause("pause_redis", part="redis", hold_s=3.0),
    Kill("kill_broker", part="kafka"),
    Pause("pause_broker", part="kafka", hold_s=4.0),
    Restart("restart_broker", part="kafka"),
)
