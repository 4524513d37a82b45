"""Configuration becomes objects: the only room that builds the vaults and models, and the only one that closes them."""

from sidecar.runtime.models import ChatTarget, ModelEntry
from sidecar.runtime.runtime import Runtime, open_runtime
from sidecar.runtime.vaults import OpenVault

__all__ = ["ChatTarget", "ModelEntry", "OpenVault", "Runtime", "open_runtime"]
