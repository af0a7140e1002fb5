"""Arguments that every notebook server of ours starts with, on this machine or in a cluster."""

SERVER_ARGS = (
    "--ServerApp.jpserver_extensions=madang.agent=True",
    "--LabApp.extension_manager=readonly",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.news_url=None",
)
"""With these a server starts faster, asks nobody outside for news, and loads our extension."""
