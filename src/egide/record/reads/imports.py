"""What other systems told of opened patients: treatments, vaccinations, acts, documents; and what is kept aside."""

from uuid import UUID

from egide.gate.reading import Read
from egide.kernel.capabilities import Batch

_TABLES = ("record_problem", "record_allergy", "record_measurement", "record_importedfact", "record_kept")


def brought(batch: Batch, patient_id: UUID) -> Read[frozenset[UUID]]:
    """Row ids of one person of an import's slice: what the same data would get again. None of somebody else's."""
    ids = [one for one in batch.ids if one == patient_id][:1]
    return Read(
        " UNION ALL ".join(f"SELECT id FROM {table} WHERE patient_id = ANY (%s)" for table in _TABLES),
        [ids] * len(_TABLES),
        lambda rows: frozenset(row_id for (row_id,) in rows),
    )
