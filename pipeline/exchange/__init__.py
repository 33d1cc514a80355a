"""Formats that other programs read and write: one module each."""
