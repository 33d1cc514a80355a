"""Programs that train the networks in pipeline/weights; never imported by the pipeline itself."""
