"""The first words of all commands: the module that has each, and one line of what it does. Imports none of them.

The lines are those of the commands' own help (a test compares them): the list of all commands is printed, and completed
by a shell, without the half second that importing all of them takes.
"""

from __future__ import annotations

# The word -> the module that has its function, below agi_app.cli; in the order of the help.
COMMANDS = {
    "actions": (
        "service.account",
        "Show who did what: each change, each export and each look at whole numbers, the newest first.",
    ),
    "adopt": (
        "project.adopt",
        "Write the project's id and its key's fingerprint into agi-app.toml and the database, once.",
    ),
    "backup": (
        "service.backup",
        "Write database, keys, evidence, recordings, journals and files into one file, restored for a trial before.",
    ),
    "backup-key": (
        "service.backup",
        "Make a key pair: the secret key opens backups, the public one, which is printed, goes into the settings.",
    ),
    "restore": (
        "service.backup",
        "Make an installation of a backup, in an empty folder and an empty database. Nobody is called until confirmed.",
    ),
    "support-bundle": (
        "service.support_bundle",
        "Write doctor's findings, versions, settings and logs into one file, without numbers, names and secrets.",
    ),
    "upgrade": (
        "service.upgrade",
        "Bring the database to this version; with --check, only say which migrations, what they change and how long.",
    ),
    "rotate-key": (
        "service.backup",
        "Encrypt all evidence, or all recordings, again with a new key. If it is ended early, run it again.",
    ),
    "call-person": (
        "calling.call_person",
        "Ring an agent, then a contact of a running campaign, and let both talk;"
        " a running `agi-app run` makes the calls.",
    ),
    "deliver": (
        "service.deliver",
        "Send events to the endpoints of `agi-app webhook` until told to end (Ctrl-C; twice: at once).",
    ),
    "doctor": ("service.doctor", "Look for what is wrong here and say how to fix it. Exit 2 when something is wrong."),
    "docs": ("project.docs", "Show a page of the documents, or list them. They are those of this version."),
    "erase": (
        "people.erase",
        "Erase all that is stored about a person's number. What stays: its keyed hash, never to be called again.",
    ),
    "purge": (
        "people.erase",
        "Remove what was kept long enough by the rules and the guard's setting."
        " A worker does it automatically each day.",
    ),
    "init": (
        "project.init_check_diagram",
        "Make a project that runs: settings, one campaign, one flow, prompts, sample contacts and consents.",
    ),
    "check": (
        "project.init_check_diagram",
        "Check campaigns, flows, prompts and expected calls; every fault as file:line:column: RULE message.",
    ),
    "diagram": (
        "project.init_check_diagram",
        "Draw a flow as SVG: every node with the words that a person hears, and the key of every way.",
    ),
    "pause": (
        "calling.pause",
        "Make no new call on any node, within a second. Calls in progress go on; the pause holds until `resume --all`.",
    ),
    "resume": ("calling.pause", "End the pause of everything."),
    "recover": (
        "service.recover",
        "After a restored backup: show what is missing, and how to go on. Changes nothing without --accept-restored.",
    ),
    "forget-node": (
        "service.recover",
        "Stop waiting for a worker that is gone for good. Stops that are only in its own journal are then lost.",
    ),
    "rehearse": (
        "calling.rehearse",
        "Hear a flow on a telephone of your own staff; a running `agi-app run` calls it."
        " Its keys count, also the stop.",
    ),
    "schema": (
        "project.schema",
        "Print the JSON Schema of flow or campaign files; an editor that knows it completes and explains their keys.",
    ),
    "run": (
        "service.run_migrate",
        "Drive this node's Asterisk: dial the running campaigns until told to end (Ctrl-C; twice: at once).",
    ),
    "migrate": (
        "service.run_migrate",
        "Bring the database to this version. An embedded database is migrated automatically.",
    ),
    "demo": (
        "project.sandbox",
        "Show it all on a real Asterisk: a clinic's campaign to 60 simulated people, and a second one a day later.",
    ),
    "simulate": (
        "project.simulate",
        "Talk to a flow in the terminal: read what the person would hear, press keys, say words.",
    ),
    "stop": (
        "people.stop",
        "Never call this person again: at once, in every campaign, permanently. Their calls are cancelled or ended.",
    ),
    "stop-link": (
        "people.stop_link",
        "Make a link for a letter, a text message or an e-mail: opening it stops all calls to the number.",
    ),
}
GROUPS = {  # the same, of those that have commands below them
    "account": ("service.account", "Who may act, and in which roles."),
    "alerts": ("service.alerts", "Alerts: what is wrong now, and whether those who are to hear of it do."),
    "asterisk": ("service.asterisk", "The Asterisk of this host."),
    "audit": ("service.audit", "The proof of what was done: check it, hand it out."),
    "callerid": ("calling.callerid", "Numbers that you have proved to be yours."),
    "calls": ("calling.calls", "The calls that are on."),
    "campaign": ("calling.campaign", "Campaigns: look ahead, start, pause, resume, stop."),
    "complaint": ("people.complaint", "Complaints: about your calls, and about calls that others made to you."),
    "console": (
        "service.console",
        "Serve people and programs: the REST API, health and metrics, until told to end. It cannot make calls.",
    ),
    "consent": ("people.consent", "Recorded consents and stops."),
    "contacts": ("people.contacts", "The people of a campaign."),
    "exchange": (
        "service.exchange",
        "Exchange data with your office's systems until told to end (Ctrl-C; twice: at once). It cannot make calls.",
    ),
    "feed": ("calling.feed", "Feeds: contacts and consents that come from a system of yours."),
    "guard": ("guard.allow_and_block", "Screening of calls that come in."),
    "line": ("calling.line", "The numbers that people call back: what came in, and who said stop."),
    "person": ("people.person", "What is stored about a person who is called."),
    "prompts": ("project.prompts", "What callers hear."),
    "report": (
        "calling.report",
        "Reports. `agi-app report NAME` is that of the campaign NAME, as `agi-app report campaign NAME`.",
    ),
    "results": ("service.results", "Results of calls that are sent back to your office's systems."),
    "rules": ("project.rules", "Calling rules: what holds where and why, and decisions made again."),
    "sandbox": (
        "project.sandbox",
        "A private Asterisk and a carrier of simulated people; what is dialled never leaves this machine.",
    ),
    "suppression": ("people.suppression", "Numbers that must not be called: your own list and lists of others."),
    "token": ("service.token", "Tokens of the REST API."),
    "trunk": ("service.trunk", "Carriers' trunks of the Asterisk of this host."),
    "webhook": ("service.webhook", "Events that are sent to other programs as they happen."),
}
