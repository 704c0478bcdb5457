"""What runs an edge network: torch, ONNX Runtime, TensorRT."""
