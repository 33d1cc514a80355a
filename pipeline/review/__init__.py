"""The review page: a person decides, and nothing they decide is ever lost."""
