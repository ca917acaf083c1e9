"""How many distinct patients a day people of a role open: the band that activity is shown against.

Invented starting figures of the staff-day simulator, to be calibrated on a pilot site: no published
distribution was found.
"""

from typing import Final

HOURS_OF_A_SHIFT: Final = 8

# 95th percentile of distinct patients a day, by profession; the others have no band.
DAY_P95: Final[dict[str, int]] = {
    "physician": 37,
    "midwife": 37,
    "intern": 37,
    "nurse": 28,
    "care_assistant": 28,
    "medical_secretary": 97,
    "admission_clerk": 97,
    "laboratory": 127,
    "imaging": 127,
    "pharmacist": 127,
    "billing": 112,
    "dim": 112,
}
