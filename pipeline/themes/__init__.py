"""Themes: the parts of the theme stage (vectors, clusters, labels, ownership, crosswalk, codebook)."""
