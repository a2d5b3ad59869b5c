"""The framework's own colours and fonts, said in the words of page.css."""

from __future__ import annotations

from ui.page.kit import gr

_SHAPES = {
    "input_border_width": "1px",
    "input_border_width_dark": "1px",
    "input_radius": "9px",
    "block_radius": "10px",
    "checkbox_label_border_width": "1px",
}


def theme() -> gr.themes.Base:
    sans = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "sans-serif"]
    base = gr.themes.Base(font=sans, font_mono=["ui-monospace", "monospace"])
    ours = {
        "color_accent": "var(--accent)",
        "body_background_fill": "var(--paper)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--soft)",
        "block_label_text_color": "var(--soft)",
        "block_info_text_color": "var(--soft)",
        "block_title_text_color": "var(--ink)",
        "block_border_color": "var(--line)",
        "border_color_primary": "var(--line)",
        "background_fill_primary": "var(--card)",
        "background_fill_secondary": "var(--paper)",
        "input_background_fill": "var(--card)",
        "input_border_color": "var(--line)",
        "input_border_color_focus": "var(--accent)",
        "input_placeholder_color": "var(--soft)",
        "slider_color": "var(--accent)",
        "checkbox_background_color_selected": "var(--accent)",
        "checkbox_border_color_selected": "var(--accent)",
        "checkbox_label_background_fill": "var(--card)",
        "link_text_color": "var(--accent)",
        "link_text_color_hover": "var(--accent)",
        "link_text_color_visited": "var(--accent)",
        "link_text_color_active": "var(--accent)",
        "button_secondary_background_fill": "var(--card)",
        "button_secondary_text_color": "var(--ink)",
        "button_primary_background_fill": "var(--accent)",
        "button_primary_text_color": "var(--card)",
    }
    dark = {f"{name}_dark": value for name, value in ours.items() if name != "color_accent"}
    return base.set(**ours, **dark, **_SHAPES)
