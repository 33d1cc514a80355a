"""What tells a drawing from writing: made-up notes, and the fit of the numbers in pipeline/weights/drawings.json."""
