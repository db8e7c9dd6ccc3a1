/** The events of this peer's machines, written to a file where the operator asks for it. */
@NullMarked
package org.dcmigrate.peer.trace;

import org.jspecify.annotations.NullMarked;
