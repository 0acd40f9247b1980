"""The laboratory: a synthetic oblast, simulated source systems, evaluations against ground truth, the local stack."""
