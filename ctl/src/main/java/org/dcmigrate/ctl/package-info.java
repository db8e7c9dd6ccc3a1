/**
 * The command line {@code dcmctl}. Commands hold options only; what they do stands in the
 * operations classes, which are loaded when a command runs, so that help appears at once.
 */
@NullMarked
package org.dcmigrate.ctl;

import org.jspecify.annotations.NullMarked;
