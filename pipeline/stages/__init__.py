"""One file a stage: records in, records out. Stages never import each other."""
