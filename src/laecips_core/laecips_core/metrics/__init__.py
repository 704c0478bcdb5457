"""What a segmentation stream is worth: IoU, upload rate, latency."""
