"""The page on which people decide which candidates belong to the cells."""
