"""How long a person who answered a call for agents may wait for one, before the call counts as abandoned."""

AGENT_WAIT_S = 2.0  # from the transfer until an agent, or the prompt for a person who finds none, is heard
PROMPT_S = 0.3  # of it: until that prompt is heard
GIVE_UP_S = AGENT_WAIT_S - PROMPT_S  # so long an agent may take
