"""Names of diseases, to tell a medical history from the complaint behind it in the same telegraphic sentence.

A small list on purpose: a history reaches a complaint over harmless words only, so any name ends it there, listed or
not, which makes a false alarm. A past event ("stroke") stays in a history over a few words of any kind.
"""

import re

__all__ = ["is_disease_list", "is_past_event", "names_a_disease"]

_PAST_EVENTS = (
    r"heart attacks?|mi|stemi|nstemi|acs|myocardial infarct[a-z]*|(?:unstable )?angina|(?<!heat )strokes?|tias?|cvas?"
    r"|(?:brain |aortic |abdominal aortic )?aneurysms?|aaa|(?:aortic )?dissections?|pulmonary embol[a-z]+|pe"
    r"|(?:blood )?clots?|dvts?|seizures|seizure disorder|epilepsy|svt|pre-?eclampsia"
)
_CHRONIC = (
    r"asthma|copd|emphysema|bronchitis|diabet[a-z]+|dm|t1dm|t2dm|iddm|niddm|htn|hypertension|high blood pressure|hld"
    r"|hyperlipid[a-z]+|high cholesterol|cholesterol|cad|chf|ccf|heart failure|ihd|heart disease|heart problems"
    r"|a ?-?fib|af|atrial fib[a-z]*|ckd|esrd|kidney disease|renal failure|dialysis|cirrhosis|hepatitis|hiv|aids"
    r"|cancer|gerd|reflux|ibs|crohn'?s|colitis|arthritis|ra|osteoarthritis|oa|osteoporosis|gout|lupus|sle|ms"
    r"|multiple sclerosis|parkinson'?s|dementia|alzheimer'?s|migraines?|depression|anxiety|ptsd|bipolar"
    r"|schizophrenia|adhd|hypothyroid[a-z]*|hyperthyroid[a-z]*|thyroid|ana?emia|sickle cell|obesity|osa|sleep apnoea"
    r"|sleep apnea|pvd|pad|bph|kidney stones|gallstones|eczema|psoriasis|fibromyalgia|pneumonia"
    r"|leuka?emia|lymphoma|transplant|splenectomy"
    r"|cabg|stents?"
)
_QUALIFIER = (
    r"chronic|severe|mild|moderate|essential|controlled|uncontrolled|poorly|well|known|prior|previous|past|old"
    r"|breast|lung|prostate|colon|skin|rheumatoid|type|stage|disease|disorder|mellitus|dependent|insulin|non|of|a|an"
    r"|the|and|or|x ?[0-9]|[0-9]|in|(?:19|20)[0-9][0-9]|i|ii|iii|iv|[bc]"
)
_NAME = re.compile(rf"\b(?:{_PAST_EVENTS}|{_CHRONIC})\b")
_PAST_EVENT = re.compile(rf"\b(?:{_PAST_EVENTS})\b")
_DISEASE_LIST = re.compile(rf"(?:[ ,/&+\-]|\b(?:{_PAST_EVENTS}|{_CHRONIC}|{_QUALIFIER})\b)*+")
_COMPLAINT = re.compile(
    r"\b(?:pain|pains|ache|weak[a-z]*|numb[a-z]*|headache|short|sob|breath[a-z]*|sweat[a-z]*|symptoms?|signs?|now)\b"
    r"|\bin (?:svt|my|his|her)\b"
)
_PRESENT_AFTER = re.compile(
    r" (?:symptoms?|signs?|at|on (?:ct|mri|ecg|ekg|scan|the monitor)|seen|in my|alert|protocol|like)\b"
)


def names_a_disease(text: str) -> bool:
    """Say whether a listed disease is named anywhere in `text`."""
    return _NAME.search(text) is not None


def is_disease_list(text: str) -> bool:
    """Say whether `text` is nothing but listed diseases, their qualifiers and separators."""
    return _DISEASE_LIST.fullmatch(text) is not None


def is_past_event(phrase: str, after: str = "") -> bool:
    """Say whether `phrase` names an event that histories list ("stroke"), and no complaint ("stroke symptoms").

    Presentations that hand-overs put behind a history (arrest, anaphylaxis, sepsis, ketoacidosis) are complaints.
    """
    return (
        _PAST_EVENT.search(phrase) is not None
        and _COMPLAINT.search(phrase) is None
        and (_PRESENT_AFTER.match(after) is None)
    )
