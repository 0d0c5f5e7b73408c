// Copyright (c) 2026, pgfleet
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Has Foundation give rows their heights once nobody has asked for that for 200 ms, and not each time.
(function change(triesLeft) {
    var equalizer = window.Foundation && Foundation.libs.equalizer, reflow, waiting;
    if (!equalizer) {
        // It loads after the page. A minute is enough, or it does not load at all.
        if (triesLeft) { setTimeout(change, 10, triesLeft - 1); }
        return;
    }
    reflow = equalizer.reflow;
    equalizer.reflow = function () {
        clearTimeout(waiting);
        waiting = setTimeout(function () { equalizer.scope = document; reflow.call(equalizer); }, 200);
    };
})(6000);
