"""Notion, through its official SDK (SPEC 2)."""

from csm_portal.integrations.notion.blocks import render_qbr_blocks
from csm_portal.integrations.notion.workspace import NotionCSMAdapter, connect

__all__ = ["NotionCSMAdapter", "connect", "render_qbr_blocks"]
