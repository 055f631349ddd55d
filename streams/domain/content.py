"""When are two messages the same?"""

from schemas import PatientMessage

__all__ = ["sent_content"]


def sent_content(message: PatientMessage) -> str:
    """Return what the sender said in one canonical form.

    As it was sent, before anything of ours is derived from it: a later version of our rules must not turn a copy into a
    conflict. What is null is left out, so that a new optional field changes no old message.
    """
    return message.model_dump_json(exclude_none=True)
