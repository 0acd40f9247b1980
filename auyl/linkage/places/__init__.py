"""Places: in which okrug a row belongs, and what became of territorial codes."""
