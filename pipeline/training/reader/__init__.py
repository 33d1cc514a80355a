"""Fine-tunes the recogniser on real pen strokes; run by `make train-reader`, never by the pipeline."""
