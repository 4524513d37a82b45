"""The programs that people point at Sidecar: what each has to be told, and a check that asks as it would ask."""
