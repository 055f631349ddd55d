"""From a message to the model's inputs: one place, the same code for training and for serving."""

from streams.text.vitals import VITALS_FIELDS, vital_signs, vitals_vector
from streams.text.windows import EncodedWindow, Windower

__all__ = ["VITALS_FIELDS", "EncodedWindow", "Windower", "vital_signs", "vitals_vector"]
