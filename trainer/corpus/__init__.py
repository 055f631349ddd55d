"""Patient messages written from medical facts, with diagnosis and urgency labels.

Facts (typical symptoms, who gets it, how urgent which severity is) follow public guidance: ESI v4/v5, CTAS and
KTAS level definitions; NEWS2 (RCP 2017); ESC guidelines on acute coronary syndromes (2023), heart failure (2021),
atrial fibrillation (2020), pericardial disease (2015); ESC/ESH hypertension (2018/2023); ADA Standards of Care and
JBDS inpatient guidelines on DKA, HHS and hypoglycaemia; NICE NG12 (suspected cancer), NICE CG95 (chest pain), NG51
(sepsis), NG136 (hypertension), NG133 (hypertension in pregnancy); GINA (asthma); PALS; TOXBASE-style toxidromes.

Decisions: pre-eclampsia and gestational hypertension count as `hypertension`, gestational diabetes as `diabetes`,
stroke and pulmonary embolism as `normal` ("none of the listed") because they are neither of the four, peripheral
artery and aortic disease likewise; a complication of known cancer or of its treatment counts as `cancer`; raised
pressure from pain or fear (white coat) counts as `normal`. Asking for a repeat prescription or a routine check is
`normal` even when the tablets treat one of the four.

Not covered: real prevalence (classes are balanced on purpose), real conversation, languages other than English and
simple Chinese, images and laboratory tables. Nobody's words are copied: texts come from the tables beside this file.
"""

from trainer.corpus.generate import generate
from trainer.corpus.model import Condition, CorpusMessage
from trainer.corpus.tables import conditions

__all__ = ["CONDITIONS", "Condition", "CorpusMessage", "conditions", "generate"]

CONDITIONS = conditions()
