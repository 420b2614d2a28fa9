//! Writing SVG: shapes and text at places, and what surrounds them.

use std::fmt::Write;

/// Pixels of a letter, about, at the size of all text. For what has to be left free.
pub(super) const LETTER: f64 = 7.2;

/// A drawing.
pub(super) struct Svg {
    width: f64,
    height: f64,
    body: String,
}

/// Which way a text runs from its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// An empty one, with a title and, where the figures are an emulator's, the stamp that says so.
    pub(super) fn new(width: f64, height: f64, title: &str, stamp: Option<&str>) -> Self {
        let mut svg = Self {
            width,
            height,
            body: String::new(),
        };
        svg.styled(16.0, 24.0, title, Anchor::Start, "title");
        if let Some(stamp) = stamp {
            svg.styled(width - 16.0, 24.0, stamp, Anchor::End, "stamp");
        }
        svg
    }

    pub(super) fn text(&mut self, x: f64, y: f64, text: &str, anchor: Anchor) {
        self.styled(x, y, text, anchor, "text");
    }

    /// Text of lesser weight: the labels of an axis.
    pub(super) fn note(&mut self, x: f64, y: f64, text: &str, anchor: Anchor) {
        self.styled(x, y, text, anchor, "note");
    }

    fn styled(&mut self, x: f64, y: f64, text: &str, anchor: Anchor, class: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        self.element(&format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"
        ));
    }

    /// Text from bottom to top, centred at a place: the title of a vertical axis.
    pub(super) fn upright(&mut self, x: f64, y: f64, text: &str) {
        let text = escape(text);
        self.element(&format!(
            "<text transform=\"translate({x:.1} {y:.1}) rotate(-90)\" text-anchor=\"middle\" class=\"note\">{text}</text>"
        ));
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: &str, width: f64) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.element(&format!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
        ));
    }

    pub(super) fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), colour: &str) {
        self.element(&format!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>"
        ));
    }

    pub(super) fn dot(&mut self, (x, y): (f64, f64), colour: &str) {
        self.element(&format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\" fill=\"{colour}\"/>"
        ));
    }

    pub(super) fn path(&mut self, points: &[(f64, f64)], colour: &str) {
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let points = points.join(" ");
        self.element(&format!(
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        ));
    }

    /// Coloured squares with what they mean, in a row from `x`.
    pub(super) fn legend(&mut self, mut x: f64, y: f64, entries: &[(&str, &str)]) {
        for (colour, meaning) in entries {
            self.rect((x, y - 10.0), (12.0, 12.0), colour);
            self.note(x + 18.0, y, meaning, Anchor::Start);
            x += 18.0 + LETTER * (meaning.chars().count() + 3) as f64;
        }
    }

    fn element(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    /// The document.
    pub(super) fn finish(self) -> String {
        let Self {
            width,
            height,
            body,
        } = self;
        let mut svg = String::new();
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
             width=\"{width:.0}\" height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"13\">\n\
             <style>.title{{font-weight:bold;font-size:15px}} .note{{fill:#555}} \
             .stamp{{font-weight:bold;fill:#c00000}}</style>\n\
             <rect width=\"{width:.0}\" height=\"{height:.0}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        );
        svg
    }
}

/// Text as it may stand in SVG and HTML.
pub(in crate::measure) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_board_says_cannot_end_an_element() {
        let mut svg = Svg::new(100.0, 50.0, "a<b", Some("EMULATED"));
        svg.text(1.0, 2.0, "\"</text>&", Anchor::Middle);
        let text = svg.finish();
        assert!(text.contains(">a&lt;b</text>"), "{text}");
        assert!(text.contains(">&quot;&lt;/text&gt;&amp;</text>"), "{text}");
        assert!(text.contains("class=\"stamp\">EMULATED"), "{text}");
    }
}
