"""The order: plain numpy (and, to fit, scikit-learn). No framework; usable as a library."""
