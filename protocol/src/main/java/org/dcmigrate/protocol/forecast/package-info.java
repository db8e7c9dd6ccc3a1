/**
 * What becomes of a running transfer: how long it takes, how long the guest would stand still, and
 * whether it converges at all. Pure: measurements and times come in as arguments.
 */
@NullMarked
package org.dcmigrate.protocol.forecast;

import org.jspecify.annotations.NullMarked;
