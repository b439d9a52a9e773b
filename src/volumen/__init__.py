"""Learn to segment 3D volumes, then segment volumes of any size."""
