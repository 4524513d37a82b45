"""The login service: Sidecar started at login by systemd, launchd or Windows' Task Scheduler, and told to them."""
