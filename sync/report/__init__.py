"""A run, told: one value (``model``), many renderings, all pure; ``output`` chooses and writes them."""
