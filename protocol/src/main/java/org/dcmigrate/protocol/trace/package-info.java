/**
 * What the machines did, as events: the common form in which peers tell it and a checker reads it
 * (SPEC.md, section "Trace events").
 */
@NullMarked
package org.dcmigrate.protocol.trace;

import org.jspecify.annotations.NullMarked;
