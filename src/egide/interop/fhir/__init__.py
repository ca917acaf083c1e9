"""FHIR R4 in: files become plain values in a confined process, then facts of the record (https://hl7.org/fhir/R4/)."""
