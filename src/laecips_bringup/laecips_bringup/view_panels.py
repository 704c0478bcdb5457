"""A picture of the live page: the frame, or a mask over its frame."""

from __future__ import annotations

from bokeh.models import ColumnDataSource
from bokeh.models import Range1d
from bokeh.plotting import figure
import numpy as np

from laecips_bringup.view_pictures import drawn
from laecips_bringup.view_pictures import rgba_of
from laecips_bringup.view_style import LETTERS
from laecips_bringup.view_text import picture_title
from laecips_bringup.view_values import Picture
from laecips_core.catalogue import ClassCatalogue

_NO_CLASSES = np.zeros((256, 3), np.uint8)
_ASPECT = 4.0 / 3.0


class PicturePanel:
    """
    One picture, which takes a third of the page's width.

    :param name: above the picture, and of its figure.
    """

    def __init__(self, name: str) -> None:
        """Start with an empty frame that says so."""
        self._name = name
        self._shown: object = None
        self._width, self._height = Range1d(0, 1), Range1d(0, 1)
        self._source = ColumnDataSource({'image': [], 'width': [], 'height': []})
        self.figure = figure(
            name=name,
            title=picture_title(name, None, 0.0),
            x_range=self._width,
            y_range=self._height,
            aspect_ratio=_ASPECT,
            sizing_mode='scale_width',
            tools='',
            toolbar_location=None,
            min_border=2,
            outline_line_color='#cccccc',
            background_fill_color='#f4f4f4',
        )
        self.figure.axis.visible = False
        self.figure.grid.visible = False
        self.figure.title.text_font = LETTERS
        self.figure.title.text_font_size = '15px'
        self.figure.title.text_font_style = 'normal'
        self.figure.image_rgba(
            image='image', x=0, y=0, dw='width', dh='height', source=self._source
        )

    def update(
        self, picture: Picture | None, catalogue: ClassCatalogue | None, now_s: float
    ) -> None:
        """
        Show a picture; what is shown already is not sent again.

        :param picture: the newest; None: none.
        :param catalogue: the classes; None before they are known.
        :param now_s: seconds since the page's start.
        """
        self.figure.title.text = picture_title(self._name, picture, now_s)
        if picture is None or picture.key == self._shown:
            return
        self._shown = picture.key
        palette = _NO_CLASSES if catalogue is None else catalogue.palette()
        image = drawn(picture, palette)
        height, width = image.shape[:2]
        if (self._width.end, self._height.end) != (width, height):
            self._width.end, self._height.end = width, height
            self.figure.aspect_ratio = width / height
        self._source.data = {'image': [rgba_of(image)], 'width': [width], 'height': [height]}
