/**
 * A guest without a hypervisor: memory in a file, and a thread that writes into it at a given rate.
 * What it writes is a pure function of seed, page and version, so that a copy of it can be checked
 * page by page, wherever it has got to. Start reading at {@link
 * org.dcmigrate.peer.guest.synthetic.SyntheticGuest}.
 */
@NullMarked
package org.dcmigrate.peer.guest.synthetic;

import org.jspecify.annotations.NullMarked;
