"""Every fault of the table: a name, what it does, and what must come of it."""

from __future__ import annotations

from functools import partial

from tests.faults import detour, frames, lines, program
from tests.faults.frames import BOOKS, UNNUMBERED, hurt
from tests.faults.terms import Fault, Leave, Told
from weex_client import OverflowPolicy
from weex_client.sandbox.damage import DAMAGES
from weex_client.sandbox.fault_log import FaultKind

FAULTS: dict[str, Fault] = {
    "line cut": Fault(lines.cut),
    "line cut in the middle of a frame": Fault(partial(lines.cut, mid_frame=True)),
    **{
        f"closed: {name} ({', '.join(map(str, codes))})": Fault(partial(lines.close, codes=codes))
        for name, codes in lines.CLOSE_CODES.items()
    },
    "half-open, mute": Fault(partial(lines.half_open, answer_pings=False)),
    "half-open, answers pings": Fault(partial(lines.half_open, answer_pings=True)),
    "silence of the whole line": Fault(lines.silence),
    "slow drip": Fault(lines.drip, Told.MAYBE),
    "frame of 17 MB": Fault(lines.huge_frame),
    "frame of up to 15 MB": Fault(lines.large_frame, Told.NEVER),
    "dial answered late": Fault(lines.delay_dial),
    **{
        f"dial answered with {', '.join(map(str, statuses))}": Fault(
            partial(lines.refuse_dials, statuses=statuses)
        )
        for statuses in ((401,), (403,), (429,), (502,), (500, 503, 504))
    },
    "dial never answered": Fault(lines.swallow_dials),
    "no way to the exchange": Fault(lines.find_no_way),
    "certificate not trusted": Fault(lines.distrust, ends_streams=True),
    "redirected to another host": Fault(detour.redirect),
    "proxy answers nonsense": Fault(detour.answer_nonsense),
    "accepted and closed": Fault(lines.accept_and_close),
    "subscription refused": Fault(frames.refuse),
    "answers delayed": Fault(frames.delay_acks),
    "one channel stalled": Fault(frames.stall, Told.MAYBE),
    "book change skipped": Fault(partial(hurt, kind=FaultKind.SKIP, kinds=BOOKS)),
    "other frame skipped": Fault(partial(hurt, kind=FaultKind.SKIP, kinds=UNNUMBERED), Told.MAYBE),
    "frame repeated": Fault(
        partial(hurt, kind=FaultKind.REPEAT, kinds=BOOKS + UNNUMBERED), Told.NEVER
    ),
    "book changes in wrong order": Fault(partial(hurt, kind=FaultKind.REORDER, kinds=BOOKS)),
    "other frames in wrong order": Fault(
        partial(hurt, kind=FaultKind.REORDER, kinds=UNNUMBERED), Told.MAYBE
    ),
    **{
        f"{what} {damage.replace('_', ' ')}": Fault(
            partial(hurt, kind=FaultKind.CORRUPT, kinds=kinds, damage=damage)
        )
        for what, kinds in (("book change", BOOKS), ("other frame", UNNUMBERED))
        for damage in DAMAGES
    },
    "digit that crosses a book": Fault(frames.cross),
    "stale snapshot": Fault(frames.stale_snapshot),
    "slow reader, drop_oldest": Fault(program.fall_asleep, overflow=OverflowPolicy.DROP_OLDEST),
    "slow reader, conflate": Fault(program.fall_asleep, overflow=OverflowPolicy.CONFLATE),
    "slow reader, raise": Fault(program.fall_asleep, overflow=OverflowPolicy.RAISE),
    "slow reader, block": Fault(program.fall_asleep, Told.MAYBE, overflow=OverflowPolicy.BLOCK),
    "event loop blocked": Fault(program.block),
    **{f"reader {how}": Fault(partial(program.leave, how=how), Told.NEVER) for how in Leave},
    "clock set an hour ahead": Fault(partial(program.set_clock, hours=1), Told.NEVER),
    "clock set an hour back": Fault(partial(program.set_clock, hours=-1), Told.NEVER),
    "10,000 subscriptions": Fault(program.subscribe_much, Told.NEVER),
}
