"""Long campaigns, run by hand; `make test` runs a small seeded part of each."""
