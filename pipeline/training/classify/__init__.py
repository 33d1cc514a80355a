"""How the shape network of `pipeline.shape` and the calibration of `classify` were made, to be made again."""
