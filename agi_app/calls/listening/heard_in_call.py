"""All that is heard in one call: what is listened to, and what is recorded to be kept."""

from __future__ import annotations

import asyncio

from agi_app.calls.listening.call_recording import CallRecorder, Recording
from agi_app.calls.listening.live_sound import Tapping
from agi_app.calls.listening.utterances import UtteranceListener
from agi_app.calls.speech_services import SpeechServices
from agi_app.flow.engine import commands as cmd
from agi_app.flow.engine import events as flow_events
from agi_app.flow.language.definition import Flow
from agi_app.model.call import KeptRecording
from agi_app.pbx.ari.events import Event
from agi_app.pbx.channel import Channel


class Hearing:
    """Carries out what the flow wants heard; a call without a recogniser still records messages."""

    def __init__(self, group: asyncio.TaskGroup, speech: SpeechServices, channel: Channel, longest_s: float) -> None:
        """``longest_s``: how long the call may last."""
        heard_by = speech.recognizer
        self._tapping = None if speech.taps is None else Tapping(group, speech.taps, channel, longest_s)
        self._listening = (
            None if heard_by is None else UtteranceListener(group, speech, heard_by, channel, self._tapping)
        )
        self._recording = Recording(group, speech, channel)
        self._call = CallRecorder(group, speech.spool, channel, self._recording.keep, longest_s)
        self._records_calls = speech.records_calls

    @property
    def kept(self) -> tuple[KeptRecording, ...]:
        """What was kept so far."""
        return tuple(self._recording.kept)

    @property
    def fault(self) -> str | None:
        """What should have been kept of the call, and was not."""
        return self._call.fault

    def answered(self, flow: Flow) -> bool:
        """The call is up, and will run this flow; returns whether somebody understands what is said in it."""
        if self._listening is not None and self._tapping is not None and flow.listens:
            self._tapping.start()
        return self._listening is not None

    def notice(self, event: Event) -> bool:
        """An event of the channel; False: the flow is not to hear it, since we hear for ourselves."""
        if self._tapping is not None and self._tapping.knows_better(event):
            return False
        if self._listening is not None:
            self._listening.notice(event)
        return True

    async def do(self, command: cmd.Hearing) -> None:
        """Carry out one command."""
        listening = self._listening
        match command:
            case cmd.StartRecording():
                self._recording.start(command)
            case cmd.EndRecording(recording):
                await self._recording.end(recording)
            case cmd.DropRecording():
                self._recording.drop()
            case cmd.StartCallRecording(recording):
                if self._records_calls:
                    self._call.start(recording)
            case cmd.EndCallRecording(recording):
                await self._call.end(recording)
            case cmd.StartListening() if listening is not None:
                listening.start(command)
            case cmd.StopListening() if listening is not None:
                listening.stop()
            case cmd.KeepSpoken(heard, name) if listening is not None:
                await self._recording.keep(name, "answer", listening.said(heard))

    def stop(self) -> None:
        """Hear nothing more."""
        self._recording.drop()
        self._call.drop()
        if self._tapping is not None:
            self._tapping.stop()
        if self._listening is not None:
            self._listening.stop()

    async def last_words(self) -> list[flow_events.Event]:
        """The call is over: what the person was saying when it ended, as the flow would have heard it."""
        found: list[flow_events.Event] = []
        if self._listening is not None and (said := await self._listening.last_words()) is not None:
            found.append(flow_events.Listened(said.listening, said.heard))
        if (message := await self._recording.last_words()) is not None:
            found.append(flow_events.Recorded(message.recording, message.result))
        await self._call.finish()
        return found
