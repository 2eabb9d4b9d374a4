from drivers.sip.media.by_hand import Count as Count
from drivers.sip.media.by_hand import Path as Path
from drivers.sip.media.by_hand import Piece as Piece
from drivers.sip.media.by_hand import Source as Source
from drivers.sip.media.by_hand import serve as serve
from drivers.sip.media.by_hand import tick as tick
