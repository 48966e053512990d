"""Generated pictures of simple shapes whose every property is known: kind, colour, place, size.

Nothing is downloaded. A picture is drawn from the distance of each pixel to the edge of its shape,
which gives smooth (anti-aliased) edges with plain array arithmetic. Colours are rounded to whole
bytes, so a seed gives the same picture everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnlib.data.images import Images

KINDS = ("circle", "square", "triangle", "cross", "ring")
COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.84, 0.15, 0.16),
    "green": (0.17, 0.63, 0.17),
    "blue": (0.12, 0.35, 0.85),
    "yellow": (0.95, 0.85, 0.10),
    "purple": (0.60, 0.25, 0.75),
    "white": (0.97, 0.97, 0.97),
}
CHUNK = 512  # pictures drawn at once, which bounds the memory


@dataclass(frozen=True)
class Shapes:
    """Pictures and everything that was decided when they were drawn.

    Attributes
    ----------
    x : (N, 3, size, size) float32 from 0 to 1
    shape, colour : (N,) int64
        Indices into ``KINDS`` and the names of ``COLOURS``.
    position : (N, 2) float64, pixels
        Row and column of the centre; (0, 0) is the centre of the first pixel.
    scale : (N,) float64, pixels
        Distance from the centre to the farthest point of the shape.
    angle : (N,) float64, radians
        Turned from the row axis towards the column axis.
    """

    x: NDArray[np.float32]
    shape: NDArray[np.int64]
    colour: NDArray[np.int64]
    position: NDArray[np.float64]
    scale: NDArray[np.float64]
    angle: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.x)

    def labelled(self, by: Literal["shape", "colour"] = "shape") -> Images:
        """Return the pictures with their shape, or their colour, as the label."""
        if by not in ("shape", "colour"):
            raise ValueError(f"label by 'shape' or 'colour', not {by!r}")
        if by == "shape":
            return Images(self.x, self.shape, KINDS)
        return Images(self.x, self.colour, tuple(COLOURS))


def shapes(
    n: int,
    *,
    seed: int = 0,
    size: int = 32,
    kinds: Sequence[str] = KINDS,
    colours: Sequence[str] = tuple(COLOURS),
    scale: tuple[float, float] = (6.0, 11.0),
    centred: bool = False,
    rotate: bool = True,
    noise: float = 0.04,
) -> Shapes:
    """Draw ``n`` pictures, each of one shape on a grey background.

    Parameters
    ----------
    n : int
        How many. The first pictures of a longer set are the pictures of a shorter one.
    seed : int
        The same seed draws the same pictures.
    size : int, pixels
        Height and width.
    kinds, colours : lists of names from ``KINDS`` and ``COLOURS``
        What to draw; labels stay indices into the full lists.
    scale : (low, high), pixels
        Range of the distance from centre to farthest point; shapes lie wholly inside the picture.
    centred : bool
        Put every shape in the middle instead of anywhere it fits.
    rotate : bool
        Turn every shape by a random angle.
    noise : float
        Largest change of a value by noise, evenly distributed.

    Returns
    -------
    Shapes

    Raises
    ------
    ValueError
        If a name is unknown or the shapes do not fit into the picture.

    Examples
    --------
    >>> drawn = shapes(100, seed=3)
    >>> drawn.x.shape, drawn.x.dtype, KINDS[drawn.shape[0]]
    ((100, 3, 32, 32), dtype('float32'), 'circle')
    """
    which = _indices(kinds, KINDS, "kinds")
    tints = _indices(colours, tuple(COLOURS), "colours")
    low, high = scale
    if not 0 < low <= high or 2 * high > size - 1:
        raise ValueError(
            f"shapes: scale={scale} needs 0 < low <= high and must fit into {size} pixels"
        )
    if n < 0:
        raise ValueError(f"shapes: n must not be negative, but it is {n}")
    decide, grain = (np.random.default_rng([seed, stream]) for stream in (0, 1))
    # One row of random numbers for each picture: a longer set only adds rows.
    u = decide.random((n, 7))
    shape = which[(u[:, 0] * len(which)).astype(int)]
    colour = tints[(u[:, 1] * len(tints)).astype(int)]
    radius = low + (high - low) * u[:, 2]
    room = size - 1 - 2 * radius[:, None]
    position = radius[:, None] + room * (np.full((n, 2), 0.5) if centred else u[:, 3:5])
    angle = 2 * np.pi * u[:, 5] * rotate
    background = 0.25 + 0.3 * u[:, 6]
    x = np.empty((n, 3, size, size), np.float32)
    paint = np.array(list(COLOURS.values()))
    for start in range(0, n, CHUNK):
        part = slice(start, start + CHUNK)
        covered = _covered(shape[part], position[part], radius[part], angle[part], size)[:, None]
        ground = background[part, None, None, None]
        picture = ground + covered * (paint[colour[part]][:, :, None, None] - ground)
        picture += noise * (2 * grain.random(picture.shape) - 1)
        x[part] = np.rint(picture.clip(0, 1) * 255) / 255
    return Shapes(x, shape, colour, position, radius, angle)


def draw_shape(
    kind: str = "square",
    *,
    colour: str = "blue",
    position: tuple[float, float] | None = None,
    scale: float = 8.0,
    angle: float = 0.0,
    size: int = 32,
    background: float = 0.4,
) -> NDArray[np.float32]:
    """Draw one shape exactly where and how it is wanted, for shift, scale and rotation sweeps.

    Parameters
    ----------
    kind : one of ``KINDS``
    colour : a name in ``COLOURS``
    position : (row, column), pixels
        Centre, fractions allowed; the middle if not given. A shape may hang over the edge.
    scale : float, pixels
        From the centre to the farthest point.
    angle : float, radians
    size : int, pixels
    background : float from 0 (black) to 1 (white)

    Returns
    -------
    image : (3, size, size) float32 from 0 to 1

    Examples
    --------
    >>> image = draw_shape("circle", colour="white", background=0.0, scale=5)
    >>> image.shape, bool(image[0, 16, 16] > 0.9), float(image[0, 0, 0])
    ((3, 32, 32), True, 0.0)
    """
    (index,) = _indices([kind], KINDS, "kinds")
    (tint,) = _indices([colour], tuple(COLOURS), "colours")
    centre = np.array([position if position is not None else ((size - 1) / 2,) * 2], float)
    covered = _covered(
        np.array([index]), centre, np.array([float(scale)]), np.array([float(angle)]), size
    )
    paint = np.array(list(COLOURS.values())[tint])[:, None, None]
    picture = background + covered * (paint - background)
    return np.asarray(np.rint(picture.clip(0, 1) * 255) / 255, np.float32)


def _indices(names: Sequence[str], known: Sequence[str], argument: str) -> NDArray[np.int64]:
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ValueError(f"{argument} must name some of {', '.join(known)}; got {list(names)}")
    return np.array([known.index(name) for name in names], np.int64)


def _covered(
    shape: NDArray[np.int64],
    position: NDArray[np.float64],
    radius: NDArray[np.float64],
    angle: NDArray[np.float64],
    size: int,
) -> NDArray[np.float64]:
    """Return how much of each pixel a shape covers, (N, size, size) from 0 to 1."""
    grid = np.arange(size, dtype=float)
    down = grid[None, :, None] - position[:, 0, None, None]
    right = grid[None, None, :] - position[:, 1, None, None]
    cosine, sine = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    u, v = cosine * down + sine * right, cosine * right - sine * down
    distance = np.empty(u.shape)
    for index, kind in enumerate(KINDS):
        chosen = shape == index
        distance[chosen] = _distance(kind, u[chosen], v[chosen], radius[chosen, None, None])
    # A pixel whose centre lies on the edge is half covered.
    return (0.5 - distance).clip(0, 1)


def _distance(kind: str, u: ArrayLike, v: ArrayLike, r: Any) -> Any:
    """Return the signed distance to the edge in pixels, negative inside ``r``."""
    u, v = np.asarray(u), np.asarray(v)
    if kind == "circle":
        return np.hypot(u, v) - r
    if kind == "ring":
        return np.abs(np.hypot(u, v) - 0.75 * r) - 0.25 * r
    if kind == "square":
        return _box(u, v, r / np.sqrt(2), r / np.sqrt(2))
    if kind == "cross":
        arm = r / np.sqrt(1 + 0.35**2)  # so that the corners of the arms lie at distance r
        return np.minimum(_box(u, v, arm, 0.35 * arm), _box(u, v, 0.35 * arm, arm))
    # A triangle with its corners at distance r: three half-planes at distance r / 2.
    sides = [np.cos(a) * u + np.sin(a) * v for a in (0.0, 2 * np.pi / 3, 4 * np.pi / 3)]
    return np.maximum.reduce(sides) - r / 2


def _box(u: NDArray[Any], v: NDArray[Any], half_u: Any, half_v: Any) -> Any:
    over_u, over_v = np.abs(u) - half_u, np.abs(v) - half_v
    outside = np.hypot(np.maximum(over_u, 0), np.maximum(over_v, 0))
    return outside + np.minimum(np.maximum(over_u, over_v), 0)
