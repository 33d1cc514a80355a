"""Training of the note detector: composed boards, network, training loop and evaluation."""
