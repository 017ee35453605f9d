"""The venues' clients: thin faces over ``client.StreamClient``, one a venue."""

from __future__ import annotations

from weex_client.client import StreamClient
from weex_client.clock import Clock
from weex_client.streaming.budget import Budgets
from weex_client.streaming.transport import Connector
from weex_client.venues.weex import WeexConfig, WeexVenue

__all__ = ["WeexWebSocketClient"]


class WeexWebSocketClient(StreamClient):
    """Stream WEEX V3, spot or contract as the configuration says.

    Args:
        config: Settings; read from the environment where None.
        connector: Another way to reach the venue than the network.
        retry_first_connect: Keep trying when the first dial fails, instead of raising.
        clock: Another clock than the system's.
        connection_per_channel: Give each kind of channel connections of its own, as the setting
            of the same name does.
        budgets: What the venue's limits leave, shared with the clients that get the same; where
            None, shared with all clients of the process that go by the system's clock.
        seed_private: Whether the account's state is read after every (re)connection of a private
            stream; as the setting of the same name says where None.
    """

    def __init__(
        self,
        config: WeexConfig | None = None,
        *,
        connector: Connector | None = None,
        retry_first_connect: bool = False,
        clock: Clock | None = None,
        connection_per_channel: bool = False,
        budgets: Budgets | None = None,
        seed_private: bool | None = None,
    ) -> None:
        settings = WeexConfig.from_env() if config is None else config
        if seed_private is not None:
            settings = settings.model_copy(update={"seed_private": seed_private})
        super().__init__(
            WeexVenue(settings),
            settings,
            connector=connector,
            retry_first_connect=retry_first_connect,
            clock=clock,
            connection_per_channel=connection_per_channel,
            budgets=budgets,
        )
