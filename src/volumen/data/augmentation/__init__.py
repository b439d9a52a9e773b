"""Changes drawn for a sample and played on its image, labels, masks and vectors alike."""
