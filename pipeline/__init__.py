"""From a folder of workshop photographs to a public record, without inventing a word."""
