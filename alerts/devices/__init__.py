"""Devices that can only raise."""
