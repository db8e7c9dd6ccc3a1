/** Guest memory at this peer: mapped files, and the versions of the pages in them. */
@NullMarked
package org.dcmigrate.peer.memory;

import org.jspecify.annotations.NullMarked;
