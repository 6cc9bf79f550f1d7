<?php
// The switch on the page of an inbound route, as core asks for it.

function agiapp_hook_core($viewing_itemid, $target_menuid)
{
	if ($target_menuid !== 'did') {
		return '';
	}
	$route = array_pad(explode('/', $viewing_itemid, 2), 2, '');
	return load_view(__DIR__ . '/views/route.php', array('asks' => \FreePBX::Agiapp()->asks($route[0], $route[1])));
}

function agiapp_hookProcess_core($viewing_itemid, $request)
{
	$action = isset($request['action']) ? $request['action'] : '';
	if (!in_array($action, array('addIncoming', 'edtIncoming', 'delIncoming'), true)) {
		return;
	}
	$module = \FreePBX::Agiapp();
	if ($action !== 'addIncoming' && isset($request['extdisplay'])) { // a route that is edited may get another number
		$old = array_pad(explode('/', $request['extdisplay'], 2), 2, '');
		$module->setAsks($old[0], $old[1], false);
	}
	if ($action !== 'delIncoming') {
		$asks = isset($request['agiapp_asks']) && $request['agiapp_asks'] === 'yes';
		$module->setAsks($request['extension'], $request['cidnum'], $asks);
	}
}
